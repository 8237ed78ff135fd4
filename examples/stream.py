#!/usr/bin/env python3
"""Streams messages to Herald, and goes on where a connection breaks.

    HERALD_TOKEN=herald_… python3 stream.py http://127.0.0.1:9470 < messages.ndjson

Standard input has a message a line, each with an id of its own: one that was taken before its answer was lost is then a
duplicate, and no second message. Prints what became of them as JSON; the exit code is 0 if all were taken.
"""
import collections
import http.client
import json
import os
import random
import sys
import threading
import time
from urllib.parse import urlsplit

LINES_A_WRITE = 500
FAILURES = 8


class Refused(Exception):
    """The server refuses the request as a whole: sending it again would not help."""


def stream(url, token, lines, answered):
    """Sends the lines in one request, and calls answered(answer) for each of them. Returns the summary."""
    address = urlsplit(url)
    connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = connect(address.netloc, timeout=60)
    connection.putrequest("POST", "/v1/messages")
    connection.putheader("Authorization", "Bearer " + token)
    connection.putheader("Content-Type", "application/x-ndjson")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.auto_open = 0  # A connection that broke is not to be opened again by the writer.

    def write():
        try:
            for start in range(0, len(lines), LINES_A_WRITE):
                chunk = b"".join(lines[start : start + LINES_A_WRITE])
                connection.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            connection.send(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException):
            pass  # The reader finds out.

    # Answers are read while lines are sent: the server takes no more than somebody wants to know of.
    threading.Thread(target=write, daemon=True).start()
    try:
        response = connection.getresponse()
        if 500 <= response.status or response.status == 429:
            raise ConnectionError("answered %d" % response.status)
        if response.status != 200:
            raise Refused("answered %d: %s" % (response.status, response.read().decode()))
        rest = b""
        while True:
            piece = response.read1(65536)
            if not piece:
                raise ConnectionError("the answer ended early")
            *whole, rest = (rest + piece).split(b"\n")
            for answer in map(json.loads, whole):
                if "summary" in answer:
                    return answer["summary"]
                answered(answer)
    finally:
        connection.close()


def stream_all(url, token, lines):
    """Sends all lines, in as many requests as it takes. Returns how many ended in each way, and the number of requests."""
    counts = collections.Counter()
    done = requests = failures = 0
    while done < len(lines):
        begin = done

        def answered(answer):
            nonlocal done
            done = begin + answer["line"]
            counts[answer["status"]] += 1
            if answer["status"] == "refused":
                print("line %d: %s" % (done, answer["problem"]["detail"]), file=sys.stderr)

        requests += 1
        try:
            summary = stream(url, token, lines[begin:], answered)
            trouble = None if summary["complete"] else summary["problem"]["detail"]
        except (OSError, http.client.HTTPException) as error:
            trouble = str(error)
        if trouble is None:
            break
        failures = 1 if done > begin else failures + 1
        print("after %d lines: %s" % (done, trouble), file=sys.stderr)
        if failures > FAILURES:
            raise SystemExit("giving up; run it again, and what was taken is a duplicate")
        time.sleep(random.random() * min(30, 0.1 * 2**failures))
    return counts, requests


def main():
    lines = [line.rstrip(b"\r\n") + b"\n" for line in sys.stdin.buffer if line.strip()]
    try:
        counts, requests = stream_all(sys.argv[1], os.environ["HERALD_TOKEN"], lines)
    except Refused as refusal:
        raise SystemExit(str(refusal))
    print(json.dumps({**counts, "lines": len(lines), "requests": requests}))
    raise SystemExit(1 if counts["refused"] else 0)


if __name__ == "__main__":
    main()
