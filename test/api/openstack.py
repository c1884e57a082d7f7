#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's openstack client, unmodified, over every resource that is served: once by
--os-auth-type none and once with a real Keystone, as a member and as the administrator. Each row
is a command and all that it prints. openstack_security.sh has more of groups and rules."""
import os, re, sys
sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(__file__), "../openstack"))
from client import Client
from cloud import Keystone
from lib import Weftd, check, end, equal

# Who (u: a member, a: the administrator, k: a member whose project Keystone tells), the command, what it prints: all of it, or after ~ a
# pattern. `x = COMMAND` keeps what that prints as {x}. q: the project's quota, set by the API, as
# this client wants Nova for it.
NETWORKS = r"""
u  extension show net-mtu -c alias -f value | net-mtu
u  extension show no-such-thing | ~ExtensionNotFound|No Extension found
u  network list -f value |
u  network create blue --description sky --mtu 1400 --tag a --tag b -f value -c description -c mtu -c name -c status -c tags | sky\n1400\nblue\nACTIVE\n['a', 'b']
blue = network show blue -f value -c id
u  network create red --disable --disable-port-security -f value -c admin_state_up -c port_security_enabled | False\nFalse
red = network show red -f value -c id
u  network list -f value -c Name --sort-column Name | blue\nred
u  network list --name blue -f value -c ID | {blue}
u  network list --disable -f value -c Name | red
u  network list --tags a,b -f value -c Name | blue
u  network list --not-tags a -f value -c Name | red
u  network list --any-tags b,c -f value -c Name | blue
u  network list --long -f value -c Name -c State --name red | red False
u  network set red --name green --enable --tag new |
u  network show {red} -f value -c admin_state_up -c name -c tags | True\ngreen\n['new']
u  network unset green --tag new |
u  network show green -f value -c tags | []
u  network create --mtu 70000 huge | ~BadRequest.*mtu
u  network show nothing | ~No Network found for nothing
a  network set green --share |
u  network show green -f value -c shared | True
u  network list --share -f value -c Name | green
a  network set green --no-share |
a  network create vni --provider-network-type vxlan --provider-segment 4711 -f value -c provider:network_type -c provider:segmentation_id | vxlan\n4711
a  network list --provider-segment 4711 -f value -c Name | vni
a  network delete vni |
"""

SEGMENTS = r"""
a  network create wire --external --provider-network-type vlan --provider-physical-network phys --provider-segment 7 -f value -c provider:network_type -c provider:physical_network -c provider:segmentation_id | vlan\nphys\n7
a  network create twin --external --provider-network-type vlan --provider-physical-network phys --provider-segment 7 | ~ConflictException: 409.*VLAN 7 on physical network phys
a  network create inner --provider-network-type vlan --provider-physical-network phys --provider-segment 9 | ~BadRequest.*router:external
a  network create whole --external --provider-network-type flat --provider-physical-network phys -f value -c provider:network_type -c provider:segmentation_id | flat\nNone
a  network list --provider-network-type vlan --provider-physical-network phys -f value -c Name | wire
a  network segment list --network wire -f json | ~"Network Type": "vlan",\s+"Segment": 7\b
a  network segment create lane --network wire --network-type vlan --physical-network phys --segment 8 --description beside -f value -c description -c name -c network_type -c physical_network -c segmentation_id | beside\nlane\nvlan\nphys\n8
a  network segment list --network wire --long -f json --sort-column Segment | ~"Segment": 7,\s+"Physical Network": "phys".*"Segment": 8,\s+"Physical Network": "phys"
a  network segment set lane --name way --description along |
a  network segment show way -f value -c description -c name | along\nway
a  network show wire -f value -c segments | ~'provider:segmentation_id': 7.*'provider:segmentation_id': 8
a  network segment create lane --network wire --network-type vxlan | ~BadRequest.*overlay
a  subnet create street --network wire --subnet-range 192.0.2.0/24 --network-segment way -f value -c cidr | 192.0.2.0/24
a  subnet create other --network wire --subnet-range 198.51.100.0/24 | ~BadRequest.*either all be associated
a  network segment delete way | ~ConflictException: 409.*subnet
a  port create waiting --network wire -f value -c fixed_ips -c ip_allocation | []\ndeferred
a  port create house --network wire --fixed-ip subnet=street,ip-address=192.0.2.9 -f value -c ip_allocation | immediate
a  port delete waiting house |
a  subnet delete street |
a  network segment delete way |
a  network show wire -f value -c provider:segmentation_id | 7
a  network segment range list -f json | ~"Default": true,\s+"Shared": true,.*"Network Type": "vxlan",.*"Minimum ID": 1,\s+"Maximum ID": 16777215\b
a  network segment range create lanes --network-type vlan --physical-network phys --minimum 100 --maximum 101 -f value -c available -c maximum -c minimum -c shared | ['100-101']\n101\n100\nTrue
a  network segment range create more --network-type vlan --physical-network phys --minimum 101 --maximum 102 | ~ConflictException: 409
a  network segment range create bad --network-type gre --minimum 1 --maximum 2 | ~BadRequest.*gre
a  network create any --external --provider-network-type vlan --provider-physical-network phys -f value -c provider:segmentation_id | ~^10[01]$
a  network segment range delete lanes | ~ConflictException: 409
a  network segment range set lanes --name roads --minimum 99 --maximum 105 |
a  network segment range show roads -f value -c maximum -c minimum -c name | 105\n99\nroads
a  network delete any wire whole |
a  network segment range list --unused -f value -c Name -c Available | ~roads .*99-105
a  network segment range delete roads |
a  network segment list --network blue -f json | ~"Network Type": "vxlan"
"""

SUBNETS = r"""
u  subnet create four --network blue --subnet-range 10.1.0.0/24 --dns-nameserver 192.0.2.53 --allocation-pool start=10.1.0.10,end=10.1.0.99 --host-route destination=192.0.2.0/24,gateway=10.1.0.2 -f value -c allocation_pools -c cidr -c dns_nameservers -c enable_dhcp -c gateway_ip -c host_routes -c ip_version | [{'start': '10.1.0.10', 'end': '10.1.0.99'}]\n10.1.0.0/24\n['192.0.2.53']\nTrue\n10.1.0.1\n[{'destination': '192.0.2.0/24', 'nexthop': '10.1.0.2'}]\n4
four = subnet show four -f value -c id
u  subnet create six --network blue --ip-version 6 --subnet-range fd00:1::/64 --ipv6-ra-mode slaac --ipv6-address-mode slaac -f value -c gateway_ip -c ipv6_address_mode -c ipv6_ra_mode | fd00:1::1\nslaac\nslaac
six = subnet show six -f value -c id
u  subnet list -f value -c Name -c Subnet --sort-column Name | four 10.1.0.0/24\nsix fd00:1::/64
u  subnet list --ip-version 6 -f value -c Name | six
u  subnet list --network blue --gateway 10.1.0.1 -f value -c ID | {four}
u  subnet list --subnet-range 10.1.0.0/24 --dhcp -f value -c Name | four
u  network show blue -f value -c subnets | ~{four}
u  subnet set four --name quad --no-dhcp --dns-nameserver 198.51.100.53 --description d |
u  subnet show quad -f value -c description -c dns_nameservers -c enable_dhcp | d\n['198.51.100.53', '192.0.2.53']\nFalse
u  subnet unset quad --dns-nameserver 192.0.2.53 --host-route destination=192.0.2.0/24,gateway=10.1.0.2 |
u  subnet show quad -f value -c dns_nameservers -c host_routes | ['198.51.100.53']\n[]
u  subnet set quad --allocation-pool start=10.1.0.120,end=10.1.0.130 |
u  subnet show quad -f value -c allocation_pools | [{'start': '10.1.0.10', 'end': '10.1.0.99'}, {'start': '10.1.0.120', 'end': '10.1.0.130'}]
a  subnet set quad --service-type compute:a --service-type network:dhcp |
u  subnet show quad -f value -c service_types | ~['compute:a', 'network:dhcp']
a  subnet unset quad --service-type network:dhcp |
a  subnet unset quad --service-type compute:a |
u  subnet show quad -f value -c service_types | []
a  subnet set quad --service-type foo | ~BadRequest.*'foo'
u  subnet create clash --network blue --subnet-range 10.1.0.128/25 | ~BadRequest.*overlaps
u  subnet create none --network blue --subnet-range 10.2.0.0/33 | ~BadRequest.*10.2.0.0/33
u  network delete blue2 | ~No Network found for blue2
"""

PORTS = r"""
u  port create web --network blue --fixed-ip subnet=quad,ip-address=10.1.0.50 --mac-address fa:16:3e:00:00:50 --device x --device-owner test:me --tag t -f value -c device_id -c device_owner -c mac_address -c name -c tags | x\ntest:me\nfa:16:3e:00:00:50\nweb\n['t']
web = port show web -f value -c id
u  port show web -f json -c fixed_ips | ~10.1.0.50
u  port create same --network blue --fixed-ip ip-address=10.1.0.50 | ~IpAddressAlreadyAllocated|ConflictException: 409
u  port create same --network blue --mac-address fa:16:3e:00:00:50 | ~ConflictException: 409.*fa:16:3e:00:00:50
u  port list --network blue -f value -c Name | web
u  port list --fixed-ip ip-address=10.1.0.50 -f value -c ID | {web}
u  port list --mac-address fa:16:3e:00:00:50 -f value -c Name | web
u  port list --device-owner test:me -f value -c Name | web
u  port list --tags t -f value -c Name | web
u  port set web --allowed-address ip-address=10.9.0.0/16 --disable --description d |
u  port show web -f value -c admin_state_up -c allowed_address_pairs -c description | False\n[{'ip_address': '10.9.0.0/16', 'mac_address': 'fa:16:3e:00:00:50'}]\nd
u  port unset web --allowed-address ip-address=10.9.0.0/16,mac-address=fa:16:3e:00:00:50 |
u  port show web -f value -c allowed_address_pairs | []
u  port set web --extra-dhcp-option name=domain-name,value=example.net |
u  port show web -f value -c extra_dhcp_opts | [{'opt_name': 'domain-name', 'opt_value': 'example.net', 'ip_version': 4}]
u  port set web --fixed-ip subnet=quad,ip-address=10.1.0.51 |
u  port show web -f json -c fixed_ips | ~10.1.0.51
u  port unset web --fixed-ip subnet=quad,ip-address=10.1.0.51 |
u  port list --fixed-ip ip-address=10.1.0.51 -f value |
a  port set web --host nowhere |
a  port show web -f value -c binding_host_id -c binding_vif_type | nowhere\nbinding_failed
a  port unset web --host |
u  network delete blue | ~ConflictException: 409.*in use|NetworkInUse|One or more ports
"""

ROUTERS = r"""
u  router create edge --description out -f value -c admin_state_up -c description -c external_gateway_info -c name -c routes -c status | True\nout\nNone\nedge\n[]\nACTIVE
edge = router show edge -f value -c id
u  router add subnet edge quad |
u  router show edge -f json -c interfaces_info | ~10.1.0.1
u  router add subnet edge quad | ~BadRequest.*already
u  port create leg --network green -f value -c name | leg
u  subnet create low --network green --subnet-range 10.3.0.0/24 -f value -c gateway_ip | 10.3.0.1
u  port create leg2 --network green --fixed-ip subnet=low,ip-address=10.3.0.9 -f value -c name | leg2
u  router add port edge leg2 |
u  port list --router edge -f value -c Name --sort-column Name | \nleg2
u  router set edge --route destination=203.0.113.0/24,gateway=10.3.0.77 --name rim |
u  router show rim -f value -c routes | [{'destination': '203.0.113.0/24', 'nexthop': '10.3.0.77'}]
u  router add route rim --route destination=198.51.100.0/24,gateway=10.3.0.78 -f value -c name | rim
u  router show rim -f json -c routes | ~198.51.100.0/24
u  router remove route rim --route destination=198.51.100.0/24,gateway=10.3.0.78 -f json -c routes | ~203.0.113.0/24.*}\s*]\s*}$
u  router set rim --route destination=192.0.2.0/24,gateway=172.16.0.1 | ~BadRequest.*not connected
u  router remove port rim leg2 | ~ConflictException: 409.*required by one or more routes
u  router unset rim --route destination=203.0.113.0/24,gateway=10.3.0.77 |
u  router delete rim | ~ConflictException: 409.*still has ports
u  router remove port rim leg2 |
u  router remove subnet rim quad |
u  router set rim --disable |
u  router list -f value -c Name -c State --disable | rim False
u  router delete rim |
u  router list -f value |
"""

GATEWAYS = r"""
a  network create sea --external --default --provider-network-type flat --provider-physical-network sea -f value -c is_default | True
sea = network show sea -f value -c id
a  subnet create beach --network sea --subnet-range 203.0.113.0/24 --no-dhcp -f value -c gateway_ip | 203.0.113.1
u  router create ship -f value -c external_gateway_info | None
ship = router show ship -f value -c id
u  router set ship --external-gateway sea |
u  router show ship -f json -c external_gateway_info | ~"network_id": "{sea}",\s+"enable_snat": true,\s+"external_fixed_ips": \[\s+{\s+"subnet_id": "[0-9a-f-]{36}",\s+"ip_address": "203.0.113.\d+"
a  port list --device-owner network:router_gateway --network sea -f value -c ID -c Status | ~^\S+ DOWN$
a  router set ship --external-gateway sea --disable-snat --fixed-ip ip-address=203.0.113.9 |
u  router show ship -f json -c external_gateway_info | ~"enable_snat": false,.*"ip_address": "203.0.113.9"
a  router set ship --external-gateway sea --fixed-ip subnet=beach,ip-address=203.0.113.1 | ~BadRequest.*same as the gateway IP
a  router set ship --external-gateway sea --fixed-ip subnet=beach,ip-address=198.51.100.9 | ~BadRequest.*not a valid IP
a  router set ship --external-gateway sea --enable-snat |
u  router show ship -f json -c external_gateway_info | ~"enable_snat": true,.*"ip_address": "203.0.113.9"
u  router set ship --external-gateway nothing | ~No Network found for nothing
u  router set ship --route destination=192.0.2.0/24,gateway=203.0.113.1 |
u  router unset ship --external-gateway | ~ConflictException: 409.*required by one or more routes
u  router set ship --no-route |
a  network set sea --internal | ~ConflictException: 409.*existing gateway ports
a  subnet delete beach | ~ConflictException: 409
a  network delete sea | ~ConflictException: 409
u  router unset ship --external-gateway |
u  router show ship -f value -c external_gateway_info | None
u  router delete ship |
k  network auto allocated topology create --check-resources | ~Deployment error: No default subnetpools
a  subnet pool create ocean --pool-prefix 10.90.0.0/16 --default-prefix-length 26 --default --share -f value -c is_default | True
k  network auto allocated topology create --check-resources | ~dry_run
top = network auto allocated topology create --or-show -f value -c id
k  network auto allocated topology create -f value -c id | {top}
k  network show {top} -f value -c admin_state_up -c name | True\nauto_allocated_network
k  subnet list --network {top} -f value -c Name | auto_allocated_subnet_v4
k  router list --name auto_allocated_router -f value -c State | True
k  network auto allocated topology delete |
k  router list --name auto_allocated_router -f value |
k  network list --name auto_allocated_network -f value |
a  subnet pool delete ocean |
a  network delete sea |
"""

FIREWALLS = r"""
u  router create gate -f value -c name | gate
u  router add subnet gate quad |
inner = port list --router gate -f value -c ID
u  firewall group list -f value -c Name | default
u  firewall group rule create --name web --action allow --protocol tcp --destination-port 80:81 --source-ip-address 10.0.0.0/8 -f json | ~(?=.*"Destination Port": "80:81")(?=.*"Enabled": true)(?=.*"IP Version": 4)(?=.*"Protocol": "tcp")(?=.*"Action": "allow").*"Source IP Address": "10.0.0.0/8"
web4 = firewall group rule show web -f value -c ID
u  firewall group rule create --name six --ip-version 6 --action reject --disable-rule -f json | ~(?=.*"Enabled": false)(?=.*"IP Version": 6)(?=.*"Protocol": null).*"Action": "reject"
six6 = firewall group rule show six -f value -c ID
u  firewall group rule create --name bad --protocol icmp --destination-port 80 | ~not allowed when protocol
u  firewall group rule create --name bad --source-ip-address fd00::1 | ~do not agree with IP
u  firewall group rule create --name bad --destination-port 80 | ~requires a protocol
u  firewall group rule set six --enable-rule --action deny --name sechs |
u  firewall group rule show sechs -f value -c Action -c Enabled | deny\nTrue
u  firewall group rule unset web --source-ip-address |
u  firewall group rule show web -f json | ~"Source IP Address": null
u  firewall group rule list -f value -c Name -c Summary | ~web TCP,.*80:81.*allow
u  firewall group policy create in --firewall-rule web -f json | ~(?=.*"Audited": false)(?=.*"Name": "in").*"Firewall Rules": .\s*"{web4}"\s*]
u  firewall group policy add rule in sechs --insert-before web | ~Inserted firewall rule {six6}
u  firewall group policy show in -f json | ~"{six6}",\s*"{web4}"
u  firewall group policy add rule in sechs | ~already associated
u  firewall group policy list -f json | ~"{six6}",\s*"{web4}"
u  firewall group policy set in --audited |
u  firewall group policy show in -f value -c Audited | True
u  firewall group policy remove rule in sechs | ~Removed firewall rule {six6}
u  firewall group policy show in -f value -c Audited | False
u  firewall group policy remove rule in sechs | ~is not associated
u  firewall group rule delete web | ~is being used
u  firewall group create --name edge --ingress-firewall-policy in --port {inner} -f value -c Name -c Ports -c State -c Status | edge\n['{inner}']\nTrue\nACTIVE
u  firewall group create --name twice --port {inner} | ~already associated with other
u  firewall group create --name not --port web | ~is invalid
u  firewall group create --name default | ~reserved name
u  firewall group list --long -f value -c Name -c Status | ~edge ACTIVE
u  firewall group set edge --disable --description closed |
u  firewall group show edge -f value -c Description -c Status | closed\nDOWN
u  firewall group delete edge | ~still active
u  firewall group policy delete in | ~is being used
u  firewall group unset edge --port {inner} --ingress-firewall-policy |
u  firewall group set edge --egress-firewall-policy in --enable |
u  firewall group show edge -f json | ~(?=.*"Ingress Policy ID": null)(?=.*"Ports": \[\]).*"Status": "INACTIVE"
u  firewall group set edge --port {inner} |
u  router remove subnet gate quad |
u  firewall group show edge -f value -c Ports | []
a  firewall group rule set web --share |
a  firewall group policy set in --share |
u  firewall group policy show in -f value -c Shared | True
u  firewall group delete edge |
u  firewall group policy delete in |
u  firewall group rule delete web sechs |
u  router delete gate |
"""

GROUPS = r"""
u  security group create www --description front --tag s -f value -c description -c name -c stateful | front\nwww\nTrue
www = security group show www -f value -c id
u  security group rule create www --protocol tcp --dst-port 80:81 --remote-ip 10.0.0.0/8 -f value -c direction -c port_range_max -c protocol -c remote_ip_prefix | ingress\n81\ntcp\n10.0.0.0/8
u  security group rule list www --ingress --protocol tcp -f json | ~80:81
u  security group rule create www --protocol tcp --dst-port 80:81 --remote-ip 10.0.0.0/8 | ~ConflictException: 409.*already exists
u  port set web --security-group www |
u  port show web -f value -c security_group_ids | ~{www}
u  security group delete www | ~ConflictException: 409.*in use
u  port set web --no-security-group |
u  port set web --disable-port-security |
u  port show web -f value -c port_security_enabled -c security_group_ids | False\n[]
u  security group set www --name front --stateless |
u  security group show {www} -f value -c name -c stateful | front\nFalse
u  security group delete front |
u  address group create peers --address 192.0.2.7/32 --address 198.51.100.0/24 -f value -c name | peers
u  address group set peers --address 203.0.113.0/24 --description friends |
u  address group unset peers --address 192.0.2.7/32 |
u  address group show peers -f value -c addresses -c description | ~(?=.*198.51.100.0/24)(?=.*203.0.113.0/24)(?!.*192.0.2.7).*friends
u  address group list -f value -c Name | peers
u  address group delete peers |
"""

QUOTAS = r"""
q  network=2
u  network create third | ~ConflictException: 409.*Quota exceeded for resources.*network
q  network=3
u  network create third -f value -c name | third
"""

THE_END = r"""
u  port delete web leg |
u  port list -f value |
u  subnet delete quad six low |
u  subnet list -f value |
u  network delete blue green third |
u  network list -f value |
"""

STORY = NETWORKS + SEGMENTS + SUBNETS + PORTS + ROUTERS + GATEWAYS + FIREWALLS + GROUPS + QUOTAS + THE_END


def tell(name, clients, quota):
    count, ids = 0, {}
    for row in STORY.strip().splitlines():
        if not row.strip():
            continue
        made = re.match(r"(\w+) = (.*)", row)
        if made:
            ids[made[1]] = clients["u"](made[2])
            continue
        if row.startswith("q  "):
            resource, limit = row[3:].split("=")
            equal("%s: %s" % (name, row), 200, quota({resource: int(limit)}).status)
            continue
        who, command, wanted = re.match(r"(\w)  (.*?) \| ?(.*)$", row).groups()
        if who not in clients:
            continue
        for key, value in ids.items():
            command, wanted = (x.replace("{%s}" % key, value) for x in (command, wanted))
        got = clients[who](command)
        count += 1
        if wanted.startswith("~"):
            check("%s: %s" % (name, command), re.search(wanted[1:], got, re.S), got)
        else:
            equal("%s: %s" % (name, command), wanted.replace("\\n", "\n").strip(), got)
    check("%s: eighty commands and more" % name, count >= 80, count)
    for client in set(clients.values()):
        client.end()


w = Weftd().start()
home = w.path("home")
os.mkdir(home)
client = Client(home, OS_AUTH_TYPE="none", OS_ENDPOINT="http://127.0.0.1:%d" % w.port)
tell("none", {"u": client, "a": client},
     lambda limits: w.call("PUT", "/v2.0/quotas/default", {"quota": limits}))
w.stop()

w = Weftd()
home = w.path("home")
os.mkdir(home)
keystone = Keystone(w.path("keystone"))
if not keystone.start():
    check("Keystone answers", False, open(keystone.log).read()[-2000:])
    end()
for name, project, role in (("weft", "service", "service"), ("weft", "service", "admin"),
                            ("alice", "sky", "member")):
    keystone.grant(name, project, role)
keystone.endpoint("network", "weft", "http://127.0.0.1:%d" % w.port)
with open(w.path("password"), "w") as f:
    f.write("secret\n")
w.options = ("--keystone", keystone.url, "--keystone-password", w.path("password"))
w.start()
tell("Keystone", {who: Client(home, OS_AUTH_URL=keystone.url, OS_USERNAME=user, OS_PASSWORD="secret",
                              OS_PROJECT_NAME=project, OS_USER_DOMAIN_ID="default",
                              OS_PROJECT_DOMAIN_ID="default", OS_IDENTITY_API_VERSION="3")
                  for who, user, project in (("u", "alice", "sky"), ("k", "alice", "sky"), ("a", "admin", "admin"))},
     lambda limits: w.call("PUT", "/v2.0/quotas/" + keystone.projects["sky"], {"quota": limits},
                           {"X-Auth-Token": keystone.root}))
equal("weftd ends cleanly", 0, w.stop())
end()
