#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One cloud made twice: by a Heat template through `weft stack`, and by Debian's openstack client.
The API answers the same of both, ids, times, revisions and the stack's own tags aside."""
import os, subprocess, sys
sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(__file__), "../openstack"))
from client import Client
from lib import BUILD, Weftd, check, end, equal

TEMPLATE = """
heat_template_version: 2018-08-31
parameters:
  prefix: {type: string, default: 10.1.0.0/24}
resources:
  blue:
    type: OS::Neutron::Net
    properties: {name: blue, value_specs: {mtu: 1400, description: sky}}
  red:
    type: OS::Neutron::Net
    properties: {name: red, admin_state_up: false, port_security_enabled: false}
  four:
    type: OS::Neutron::Subnet
    properties:
      name: four
      network: {get_resource: blue}
      cidr: {get_param: prefix}
      gateway_ip: 10.1.0.254
      allocation_pools: [{start: 10.1.0.10, end: 10.1.0.99}]
      dns_nameservers: [192.0.2.53]
      host_routes: [{destination: 192.0.2.0/24, nexthop: 10.1.0.2}]
  six:
    type: OS::Neutron::Subnet
    properties: {name: six, network: {get_resource: blue}, cidr: 'fd00:1::/64', ip_version: 6,
                 ipv6_ra_mode: slaac, ipv6_address_mode: slaac}
  low:
    type: OS::Neutron::Subnet
    properties: {name: low, network: {get_resource: red}, cidr: 10.2.0.0/24, enable_dhcp: false}
  web:
    type: OS::Neutron::SecurityGroup
    properties: {name: web, description: front}
  http:
    type: OS::Neutron::SecurityGroupRule
    properties: {security_group: {get_resource: web}, protocol: tcp, port_range_min: 80,
                 port_range_max: 81, remote_ip_prefix: 10.0.0.0/8}
  ping:
    type: OS::Neutron::SecurityGroupRule
    properties: {security_group: {get_resource: web}, ethertype: IPv6, protocol: ipv6-icmp,
                 remote_group: {get_resource: web}}
  peers:
    type: OS::Neutron::AddressGroup
    properties: {name: peers, description: friends, addresses: [192.0.2.0/24, 2001:db8::/64]}
  scope:
    type: OS::Neutron::AddressScope
    properties: {name: scope, ip_version: 4}
  pool:
    type: OS::Neutron::SubnetPool
    properties: {name: pool, prefixes: [10.64.0.0/16, 10.66.0.0/16], address_scope: {get_resource: scope},
                 default_prefixlen: 26, min_prefixlen: 24, default_quota: 4096}
  pond:
    type: OS::Neutron::Net
    properties: {name: pond}
  drop:
    type: OS::Neutron::Subnet
    properties: {name: drop, network: {get_resource: pond}, subnetpool: {get_resource: pool}, prefixlen: 25}
  lent:
    type: OS::Neutron::RBACPolicy
    properties: {object_type: network, object_id: {get_resource: blue}, action: access_as_shared,
                 target_tenant: others}
  server:
    type: OS::Neutron::Port
    properties:
      name: server
      network: {get_resource: blue}
      fixed_ips: [{subnet: {get_resource: four}, ip_address: 10.1.0.50}]
      mac_address: fa:16:3e:00:00:50
      security_groups: [{get_resource: web}]
      allowed_address_pairs: [{ip_address: 10.9.0.0/16, mac_address: fa:16:3e:00:00:51}]
      device_id: thing
      device_owner: test:me
  plain:
    type: OS::Neutron::Port
    properties: {name: plain, network: {get_resource: red}, admin_state_up: false,
                 fixed_ips: [{ip_address: 10.2.0.9}]}
  edge:
    type: OS::Neutron::Router
    properties: {name: edge, admin_state_up: true}
  leg:
    type: OS::Neutron::RouterInterface
    properties: {router: {get_resource: edge}, subnet: {get_resource: four}}
  foot:
    type: OS::Neutron::RouterInterface
    properties: {router: {get_resource: edge}, port: {get_resource: plain}}
  routes:
    type: OS::Neutron::ExtraRouteSet
    depends_on: [leg, foot]
    properties:
      router: {get_resource: edge}
      routes: [{destination: 203.0.113.0/24, nexthop: 10.1.0.77}]
"""

COMMANDS = """
network create blue --mtu 1400 --description sky
network create red --disable --disable-port-security
subnet create four --network blue --subnet-range 10.1.0.0/24 --gateway 10.1.0.254 --allocation-pool start=10.1.0.10,end=10.1.0.99 --dns-nameserver 192.0.2.53 --host-route destination=192.0.2.0/24,gateway=10.1.0.2
subnet create six --network blue --ip-version 6 --subnet-range fd00:1::/64 --ipv6-ra-mode slaac --ipv6-address-mode slaac
subnet create low --network red --subnet-range 10.2.0.0/24 --no-dhcp
security group create web --description front
security group rule create web --protocol tcp --dst-port 80:81 --remote-ip 10.0.0.0/8
security group rule create web --ethertype IPv6 --protocol ipv6-icmp --remote-group web
address group create peers --description friends --address 192.0.2.0/24 --address 2001:db8::/64
address scope create scope --ip-version 4
subnet pool create pool --pool-prefix 10.64.0.0/16 --pool-prefix 10.66.0.0/16 --address-scope scope --default-prefix-length 26 --min-prefix-length 24 --default-quota 4096
network create pond
subnet create drop --network pond --subnet-pool pool --prefix-length 25
port create server --network blue --fixed-ip subnet=four,ip-address=10.1.0.50 --mac-address fa:16:3e:00:00:50 --security-group web --allowed-address ip-address=10.9.0.0/16,mac-address=fa:16:3e:00:00:51 --device thing --device-owner test:me
port create plain --network red --disable --fixed-ip ip-address=10.2.0.9
router create edge --enable
router add subnet edge four
router add port edge plain
router set edge --route destination=203.0.113.0/24,gateway=10.1.0.77
"""
PATHS = "networks", "subnets", "ports", "routers", "security-groups", "security-group-rules", \
    "address-groups", "address-scopes", "subnetpools", "rbac-policies"
ADMIN_TEMPLATE = """
heat_template_version: 2018-08-31
resources:
  outside:
    type: OS::Neutron::ProviderNet
    properties: {name: outside, network_type: vlan, physical_network: wire, segmentation_id: 7,
                 router_external: true}
  lane:
    type: OS::Neutron::Segment
    properties: {name: lane, network: {get_resource: outside}, network_type: vlan, physical_network: wire,
                 segmentation_id: 8, description: beside}
  street:
    type: OS::Neutron::Subnet
    properties: {name: street, network: {get_resource: outside}, cidr: 192.0.2.0/24,
                 segment: {get_resource: lane}, enable_dhcp: false}
  house:
    type: OS::Neutron::Port
    properties: {name: house, network: {get_resource: outside},
                 fixed_ips: [{subnet: {get_resource: street}, ip_address: 192.0.2.9}]}
  sea:
    type: OS::Neutron::ProviderNet
    properties: {name: sea, network_type: flat, physical_network: deep, router_external: true}
  beach:
    type: OS::Neutron::Subnet
    properties: {name: beach, network: {get_resource: sea}, cidr: 203.0.113.0/24, enable_dhcp: false,
                 allocation_pools: [{start: 203.0.113.8, end: 203.0.113.8}]}
  ship:
    type: OS::Neutron::Router
    properties:
      name: ship
      external_gateway_info: {network: {get_resource: sea}, enable_snat: false,
                              external_fixed_ips: [{subnet: {get_resource: beach}, ip_address: 203.0.113.9}]}
  boat:
    type: OS::Neutron::Router
    properties: {name: boat}
  anchor:
    type: OS::Neutron::RouterGateway
    properties: {router_id: {get_resource: boat}, network: {get_resource: sea}}
  course:
    type: OS::Neutron::ExtraRouteSet
    properties: {router: {get_resource: boat}, routes: [{destination: 198.51.100.0/24, nexthop: 203.0.113.1}]}
"""
ADMIN_COMMANDS = """
network create outside --provider-network-type vlan --provider-physical-network wire --provider-segment 7 --external
network segment create lane --network outside --network-type vlan --physical-network wire --segment 8 --description beside
subnet create street --network outside --subnet-range 192.0.2.0/24 --network-segment lane --no-dhcp
port create house --network outside --fixed-ip subnet=street,ip-address=192.0.2.9
network create sea --provider-network-type flat --provider-physical-network deep --external
subnet create beach --network sea --subnet-range 203.0.113.0/24 --no-dhcp --allocation-pool start=203.0.113.8,end=203.0.113.8
router create ship
router set ship --external-gateway sea --disable-snat --fixed-ip subnet=beach,ip-address=203.0.113.9
router create boat
router set boat --external-gateway sea
router set boat --route destination=198.51.100.0/24,gateway=203.0.113.1
"""
ADMIN_PATHS = "networks", "segments", "subnets", "ports", "routers", "rbac-policies"
ASIDE = "created_at", "updated_at", "revision_number", "id", "project_id", "tenant_id", "tags"

w = Weftd()
tokens = w.path("tokens")
with open(tokens, "w") as f:
    f.write("root admins admin\nheat ph member\ncli pc member\nchief pa admin\n")
w.options = ("--auth", "tokens", "--tokens", tokens)
w.start()
headers = lambda token: {"X-Auth-Token": token}


def told(token, paths=PATHS):
    """All that the API says of a project: {path: objects}, in an order that ids have no part in."""
    lists = {x: w.get(x, headers(token))[x.replace("-", "_")] for x in paths}
    called = {x["id"]: x.get("name") or "nameless" for y in lists.values() for x in y}
    macs = {x["mac_address"] for x in lists.get("ports", [])} - {"fa:16:3e:00:00:50"}  # not asked for

    def plain(x):
        if isinstance(x, dict):
            return {k: plain(v) for k, v in x.items() if k not in ASIDE}
        if isinstance(x, list):
            return sorted((plain(y) for y in x), key=repr)
        return "<a MAC>" if x in macs else called.get(x, x)

    return {path: sorted((plain(x) for x in objects), key=repr) for path, objects in lists.items()}


template = w.path("cloud.yaml")
with open(template, "w") as f:
    f.write(TEMPLATE)
clean = {k: v for k, v in os.environ.items() if not k.startswith(("OS_", "WEFT_"))}
stack = lambda *words, token="heat": subprocess.run(
    [os.path.join(BUILD, "cli/weft"), "stack", *words], capture_output=True, text=True, env={
        **clean, "OS_AUTH_TYPE": "admin_token", "OS_TOKEN": token,
        "OS_ENDPOINT": "http://127.0.0.1:%d" % w.port})
done = stack("create", "twin", template)
check("the template is made", done.returncode == 0, done.stdout + done.stderr)


def by_client(token, commands):
    client = Client(w.folder, OS_AUTH_TYPE="admin_token", OS_TOKEN=token,
                    OS_ENDPOINT="http://127.0.0.1:%d" % w.port)
    for command in commands.strip().splitlines():
        said = client(command)
        check("openstack " + " ".join(command.split()[:3]), "rror" not in said and "xception" not in said,
              said)
    client.end()


by_client("cli", COMMANDS)
# The client would ask Keystone, of which there is none, for the project.
blue = w.get("networks?name=blue", headers("cli"))["networks"][0]["id"]
w.call("POST", "/v2.0/rbac-policies", {"rbac_policy": {
    "object_type": "network", "object_id": blue, "action": "access_as_shared", "target_tenant": "others"}},
    headers("cli"))
by_heat, by_hand = told("heat"), told("cli")
counts = {path: len(x) for path, x in by_heat.items()}
equal("there is as much as the template says", {
    "networks": 3, "subnets": 4, "address-scopes": 1, "subnetpools": 1, "rbac-policies": 1, "ports": 3, "routers": 1, "security-groups": 2,
    "security-group-rules": 8, "address-groups": 1}, counts)


def compare(by_heat, by_hand):
    for path in by_heat:
        for one, other in zip(by_heat[path], by_hand[path]):
            equal("the same %s: %s" % (path, one.get("name") or "nameless"), other, one)
        equal("as many " + path, len(by_hand[path]), len(by_heat[path]))


compare(by_heat, by_hand)
check("not everything was set aside", by_heat["ports"] != by_heat["networks"] and
      "10.1.0.50" in str(by_heat) and "fa:16:3e:00:00:51" in str(by_heat), by_heat)
done = stack("delete", "twin")
check("and goes whole", done.returncode == 0 and not any(told("heat", (
    "networks", "subnets", "subnetpools", "address-scopes", "rbac-policies")).values()), done.stdout + done.stderr)
equal("the other one stays", by_hand, told("cli"))

# What only an administrator may: one VLAN cannot be made twice, so one after the other.
for path in "ports", "routers", "subnets", "rbac-policies", "networks":
    for x in w.get(path, headers("root"))[path.replace("-", "_")]:
        if path == "routers":
            for p in w.get("ports?device_id=" + x["id"], headers("root"))["ports"]:
                w.call("PUT", "/v2.0/routers/%s" % x["id"], {"router": {"routes": []}}, headers("root"))
                w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % x["id"], {"port_id": p["id"]},
                       headers("root"))
        w.call("DELETE", "/v2.0/%s/%s" % (path, x["id"]), None, headers("root"))
equal("nothing is left of both", {"networks": []}, told("chief", ("networks",)))
with open(template, "w") as f:
    f.write(ADMIN_TEMPLATE)
done = stack("create", "outer", template, token="chief")
check("an administrator's template is made", done.returncode == 0, done.stdout + done.stderr)
by_heat = told("chief", ADMIN_PATHS)
revisions = lambda: {x["name"]: x["revision_number"] for x in w.get("routers", headers("root"))["routers"]}
before = revisions()
done = stack("update", "outer", template, token="chief")
equal("made again it stays", by_heat, told("chief", ADMIN_PATHS))
equal("and no router is touched", before, revisions())
ways = lambda: {x["name"]: x["external_gateway_info"] and (x["external_gateway_info"]["enable_snat"], len(x["routes"]))
                for x in w.get("routers", headers("root"))["routers"]}
lesser = ADMIN_TEMPLATE[:ADMIN_TEMPLATE.index("  anchor:")]
for name, text, wanted in (("another translation", ADMIN_TEMPLATE.replace("enable_snat: false", "enable_snat: true"), {"ship": (True, 0), "boat": (True, 1)}),
                           ("without what said it", lesser, {"ship": (False, 0), "boat": None}),
                           ("nor on the router", lesser[:lesser.index("      external_gateway")] + lesser[lesser.index("  boat:"):], {"ship": None, "boat": None}),
                           ("all again", ADMIN_TEMPLATE, {"ship": (False, 0), "boat": (True, 1)})):
    with open(template, "w") as f:
        f.write(text)
    done = stack("update", "outer", template, token="chief")
    equal("gateways, " + name, wanted, ways())
with open(template, "w") as f:
    f.write(ADMIN_TEMPLATE + "  rope:\n    type: OS::Neutron::RouterGateway\n    properties: {router: {get_resource: ship}, network: {get_resource: sea}}\n")
done = stack("update", "outer", template, token="chief")
check("two gateways of a router are refused", done.returncode and "is given another gateway" in done.stderr, done.stdout + done.stderr)
done = stack("delete", "outer", token="chief")
check("it goes whole", done.returncode == 0 and not any(told("chief", ADMIN_PATHS).values()),
      (done.stdout + done.stderr, told("chief", ADMIN_PATHS)))
by_client("chief", ADMIN_COMMANDS)
equal("there is as much as it says", {"networks": 2, "segments": 3, "subnets": 2, "ports": 3, "routers": 2,
                                     "rbac-policies": 2},
      {path: len(x) for path, x in by_heat.items()})
compare(by_heat, told("chief", ADMIN_PATHS))
equal("weftd ends cleanly", 0, w.stop())
end()
