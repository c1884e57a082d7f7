#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A controller of canned rows: rows.py ADDRESS PORT FOLDER

FOLDER/HOST holds the rows of a host, a JSON object with table, key and value on each line.
Whoever asks for the rows of HOST gets them all; when the file changes (by rename) the difference
follows as one transaction. What hosts report is appended to FOLDER/HOST.status.
"""
import http.server
import json
import os
import sys
import time

folder = sys.argv[3]
epoch = str(time.time())
revision = [1]


def load(host):
    rows = {}
    with open(os.path.join(folder, host), encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                rows[row["table"], row["key"]] = row["value"]
    return rows


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass

    def line(self, **members):
        text = (json.dumps(members) + "\n").encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

    def put(self, name, value):
        self.line(rev=revision[0], table=name[0], op="put", key=name[1], value=value)

    def follow(self, host):
        """Differences and beats until the reader has gone."""
        path = os.path.join(folder, host)
        rows, stamp, beat = load(host), os.stat(path).st_ino, time.time()
        self.line(op="hello", rev=revision[0], epoch=epoch, mode="full")
        for name, value in rows.items():
            self.put(name, value)
        self.line(op="end", rev=revision[0])
        while True:
            time.sleep(0.02)
            if os.stat(path).st_ino != stamp:
                stamp, new = os.stat(path).st_ino, load(host)
                revision[0] += 1
                for name, value in new.items():
                    if rows.get(name) != value:
                        self.put(name, value)
                for name in rows.keys() - new.keys():
                    self.line(rev=revision[0], table=name[0], op="del", key=name[1])
                self.line(op="commit", rev=revision[0])
                rows = new
            if time.time() - beat > 2:
                beat = time.time()
                self.line(op="beat", rev=revision[0])

    def do_GET(self):
        host = self.path.split("/")[4]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.follow(host)
        except OSError:
            self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(os.path.join(folder, self.path.split("/")[4] + ".status"), "ab") as status:
            status.write(body + b"\n")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
server.daemon_threads = True
server.serve_forever()
