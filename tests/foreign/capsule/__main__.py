"""Verifies a capsule without any of our code: Python 3.11, its standard library and PyNaCl.

    python3 tests/foreign/capsule FILE [--key KEY]... [--witness KEY]...

Ends with 0 where everything holds that was checked, with 11 and the first thing that is wrong, or
with 12 where there is nothing to verify. What was proved has a +, what was not a -.
"""
import argparse
import sys

import summary
from fault import Nothing, Wrong
from note import Key
from verify import of_level, verify, verify_summary


def key(text):
    try:
        return Key.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=argparse.FileType("rb"))
    asked.add_argument("--key", type=key, action="append", default=[])
    asked.add_argument("--witness", type=key, action="append", default=[])
    given = asked.parse_args()
    try:
        data = given.file.read()
        check = verify_summary if summary.is_one(data) else verify
        report = check(data, given.key, given.witness)
    except Wrong as wrong:
        print(f"WRONG: {wrong}")
        return 11
    except Nothing as why:
        print(f"there is nothing to verify: {why}")
        return 12
    for sign, findings in (("+", report.proved), ("-", report.open)):
        for finding in findings:
            print(sign, finding)
    for claim in report.capsule["units"]:
        digest = f", digest {claim['digest']}" if "digest" in claim else ""
        print(f"{claim['name'] or claim['unit']} at {report.capsule['valid_at']}{digest}")
        for area in claim["areas"]:
            print(f"  {area['area']}: rated {of_level(area['rated'])}, ongoing {of_level(area['ongoing'])}")
    return 0


sys.exit(main())
