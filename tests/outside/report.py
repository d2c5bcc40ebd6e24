"""Validates a JUnit file with an XML schema, and its counts with its cases."""

import sys

import xmlschema
from xml.etree import ElementTree

schema, file = sys.argv[1:]
errors = [f"{error.path}: {error.reason}" for error in xmlschema.XMLSchema10(schema).iter_errors(file)]
root = ElementTree.parse(file).getroot()
suites = root.findall("testsuite")
if not suites:
    errors.append("there is no test suite")
for suite in [root, *suites]:
    cases = list(suite.iter("testcase"))
    for name, tag in [("tests", None), ("failures", "failure"), ("skipped", "skipped"), ("errors", "error")]:
        if suite is root and name == "skipped":
            continue
        found = len(cases) if tag is None else sum(case.find(tag) is not None for case in cases)
        if int(suite.get(name, "-1")) != found:
            errors.append(f"{suite.get('name')}: {name} is {suite.get(name)}, expected {found}")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    errors += [f"{name} occurs twice" for name in sorted(set(names)) if names.count(name) > 1]
print("\n".join(errors))
sys.exit(1 if errors else 0)
