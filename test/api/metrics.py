#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What weftd counts, as Prometheus reads it: who may, in which form, and that it is true."""
import concurrent.futures, http.client, json, os, re, shutil, socket, subprocess, sys, time
sys.dont_write_bytecode = True
import lib
from lib import BUILD, Weftd, check, end, equal

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? '
                    r'([+-]?(?:[0-9.e+-]+|Inf)|NaN)')


def parse(text):
    """{'name{labels}': value}, and what is wrong with the page."""
    samples, types, wrong = {}, {}, []
    for line in text.split("\n")[:-1]:
        words = line.split(" ", 3)
        if line.startswith("# TYPE "):
            if words[2] in types:
                wrong.append("twice: " + line)
            types[words[2]] = words[3]
        elif not line.startswith("# HELP "):
            m = SAMPLE.fullmatch(line)
            family = m and re.sub("_(bucket|sum|count)$", "", m[1])
            if not m or (types.get(m[1]) or types.get(family)) is None:
                wrong.append("no sample of a known metric: " + line)
                continue
            key = m[1] + ("{%s}" % m[2] if m[2] else "")
            if key in samples:
                wrong.append("twice: " + line)
            if types.get(m[1]) == "counter" and not m[1].endswith("_total"):
                wrong.append("a counter without _total: " + line)
            samples[key] = float(m[3].replace("Inf", "inf"))
    if not text.endswith("\n"):
        wrong.append("no line's end at the end")
    return samples, types, wrong


def fetch(port, path="/metrics", method="GET"):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    link.request(method, path)
    answer = link.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read().decode()


with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    open_port = probe.getsockname()[1]
w = Weftd("--metrics", "127.0.0.1:%d" % open_port)
with open(w.path("tokens"), "w") as f:
    f.write("root-token admin admin root\nred-token red member red\nhost-token h1 agent h1\n")
w.options += ("--tokens", w.path("tokens"))
w.headers = {"X-Auth-Token": "root-token"}
w.start()
key = lambda method, route, status: 'weft_api_requests_total{method="%s",route="%s",status="%d"}' \
    % (method, route, status)


def scrape():
    return parse(fetch(open_port)[2])[0]


# Where they are read
status, kind, page = fetch(open_port)
check("the open listener", status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8",
      (status, kind))
equal("it has nothing else", [404, 404, 405], [fetch(open_port, "/")[0], fetch(
    open_port, "/v2.0/networks")[0], fetch(open_port, method="POST")[0]])
equal("the API's port: an administrator", 200, w.call("GET", "/metrics").status)
equal("a member may not", 403, w.call("GET", "/metrics", headers={"X-Auth-Token": "red-token"}).status)
w.headers = {}
equal("nobody may not", 401, w.call("GET", "/metrics").status)
equal("by a bearer token, as Prometheus sends it", 200, w.call("GET", "/metrics",
                                    headers={"Authorization": "Bearer root-token"}).status)
equal("a wrong bearer", 401, w.call("GET", "/metrics", headers={"Authorization": "Bearer x"}).status)
w.headers = {"X-Auth-Token": "root-token"}

# Requests by route, not by path
net = w.create("network", name="a")["id"]
for i in range(3):
    w.get("networks/" + net)
    w.get("networks/none-%d" % i)
w.call("GET", "/v2.0/nonsense/%s" % net)
w.call("GET", "/" + "x" * 500)
w.call("BREW", "/v2.0/networks")
w.call("PUT", "/v2.0/networks/%s/tags/blue" % net)
w.get("log/logs/" + net)
w.call("PUT", "/v2.0/fwaas/firewall_policies/%s/insert_rule" % net, {})
s = scrape()
equal("requests by route and status", (1, 3, 3, 2, 1, 1, 1, 1),
      tuple(s.get(key(*k)) for k in (
          ("POST", "/v2.0/networks", 201), ("GET", "/v2.0/networks/{id}", 200),
          ("GET", "/v2.0/networks/{id}", 404), ("GET", "other", 404),
          ("other", "/v2.0/networks", 405), ("PUT", "/v2.0/networks/{id}/tags/{tag}", 201),
          ("GET", "/v2.0/log/logs/{id}", 404),
          ("PUT", "/v2.0/fwaas/firewall_policies/{id}/insert_rule", 404))))
check("no id in any label", net not in fetch(open_port)[2])
series = lambda: sum(k.startswith("weft_api_requests_total") for k in scrape())
before = series()
for i in range(200):
    w.call("GET", "/v2.0/%d/%d/%d" % (i, i, i))
equal("paths do not make series", before, series())
equal("a histogram counts them all", 6.0, scrape()[
    'weft_api_request_duration_seconds_count{method="GET",route="/v2.0/networks/{id}"}'])
s = scrape()
buckets = [v for k, v in s.items() if k.startswith('weft_api_request_duration_seconds_bucket{'
                                                   'method="GET",route="/v2.0/networks/{id}"')]
check("buckets only grow, up to all", buckets == sorted(buckets) and buckets[-1] == 6, buckets)

# The store and the cloud
a = scrape()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    made = list(pool.map(lambda i: w.call("POST", "/v2.0/networks", {"network": {"name": str(i)}},
                                          link=w.connect()).status, range(40)))
b = scrape()
grown = lambda name: b[name] - a[name]
equal("40 networks at once", [201] * 40, made)
equal("objects by kind", 40, grown('weft_objects{kind="network"}'))
check("revision", grown("weft_store_revision") >= 40)
check("transactions", grown('weft_store_transactions_total{result="committed"}') >= 40)
check("several to a flush", 0 < grown("weft_store_flushes_total") <= grown(
    'weft_store_transactions_total{result="committed"}'))
equal("none failed", 0, b['weft_store_transactions_total{result="failed"}'])

# Hosts
equal("no host", (0, 0, 0), (b['weft_hosts{state="alive"}'], b['weft_hosts{state="lost"}'],
                            b["weft_rows_streams"]))
link = w.connect()
link.request("GET", "/weft/v1/hosts/h1/rows?ip=10.99.0.2", headers={"X-Auth-Token": "host-token"})
stream = link.getresponse()
lines = [json.loads(stream.readline())]
while lines[-1]["op"] != "end":
    lines.append(json.loads(stream.readline()))
s = scrape()
equal("a host's stream", (1, 0, 1, 1, 0), (
    s['weft_hosts{state="alive"}'], s['weft_hosts{state="lost"}'], s["weft_rows_streams"],
    s['weft_rows_transfers_total{mode="full"}'], s['weft_rows_transfers_total{mode="resume"}']))
equal("it has not applied them", (1, lines[-1]["rev"]),
      (s["weft_rows_hosts_behind"], s["weft_rows_revisions_behind_max"]))
report = lambda rev: w.call("POST", "/weft/v1/hosts/h1/status", {"rev": rev},
                            {"X-Auth-Token": "host-token"}).status
equal("a report", 200, report(lines[-1]["rev"] - 2))
equal("two behind", 2, scrape()["weft_rows_revisions_behind_max"])
report(lines[-1]["rev"])
s = scrape()
equal("up to date", (0, 0, 2), (s["weft_rows_hosts_behind"], s["weft_rows_revisions_behind_max"],
                                s["weft_rows_reports_total"]))
w.create("network", name="not this host's")
equal("what is not for it leaves it up to date", 0, scrape()["weft_rows_hosts_behind"])
port = w.create("port", network_id=net, **{"binding:host_id": "h1"})
while lines[-1]["op"] != "commit":
    lines.append(json.loads(stream.readline()))
s = scrape()
check("a port's rows", s["weft_rows_sent_total"] >= 3 and s["weft_rows_sent_bytes_total"] > 100 and
      s["weft_rows_hosts_behind"] == 1, s)
equal("the stream is a route", 1.0, s[key("GET", "/weft/v1/hosts/{name}/rows", 200)])

# The process, and the page
check("memory and time", 1e6 < s["process_resident_memory_bytes"] < 1e12 and
      s["process_cpu_seconds_total"] > 0 and s["process_open_fds"] > 5 and
      abs(s["process_start_time_seconds"] - time.time()) < 3600)
check("version", any(k.startswith('weft_build_info{program="weftd",version="') for k in s))
page = fetch(open_port)[2]
samples, types, wrong = parse(page)
check("every line is well-formed", not wrong and len(samples) > 40, wrong)
listed = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--print-metrics"],
                        capture_output=True, text=True).stdout
equal("all of the list, and nothing else", sorted(re.findall(r"^\.It Li (\S+)", listed, re.M)),
      sorted(types))
if shutil.which("promtool"):
    told = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    check("promtool finds no fault", told.returncode == 0 and not told.stderr, told.stderr)
else:
    lib.skipped += 1
    print("skip promtool finds no fault: promtool (package prometheus) is not installed")
stream.close()
link.close()
equal("it ends in order", 0, w.stop())
r = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--store", "sqlite::memory:", "--listen",
                    "127.0.0.1:0", "--metrics", "nowhere:x"], capture_output=True, text=True)
check("a place that is none", r.returncode != 0 and "nowhere:x" in r.stderr, r.stderr)
end()
