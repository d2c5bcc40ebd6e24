"""Markers that are wrong."""

import pytest


@pytest.mark.leadconduit(scenario="sso-outage")
def test_without_the_fixture():
    pass


@pytest.mark.leadconduit(scenarios="sso-outage")
def test_unknown_argument(leadconduit):
    pass


@pytest.mark.leadconduit(faults=[{"operation": "get_acount", "status": 503}])
def test_unknown_operation(leadconduit):
    pass


@pytest.mark.leadconduit(scenario="sso-outage")
class TestMarkers:
    @pytest.mark.leadconduit(faults=[{"when": {"operation": "get_account"}, "then": {"status": 503}}])
    def test_markers_add_up(self, leadconduit):
        assert leadconduit.explain("GET", "/account", key="2f1d5f29915b866c7a2fa5de29613104")["reply"]["status"] == 503
        assert leadconduit.explain("GET", "/connections")["scenario"] == "sso-outage"
