"""Full machines: a network, processes, a host name and a root file system of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.outputs import StackOutputs
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.launch import launch_fleet
from tests.fakeaws.namespaces import FullMachine, why_unavailable
from tests.fakeaws.stack import make_stack

pytestmark = pytest.mark.slow

SCRIPT = """#!/bin/bash
echo "home=$HOME endpoint=$AWS_ENDPOINT_URL"
set -a; . /etc/environment; set +a
hostname
rm -f /usr/bin/yes && echo changed > /etc/motd && echo removed
curl -s -o /dev/null -w '%{http_code}\\n' http://169.254.169.254/latest/meta-data/instance-id
"$RLROBO_PYTHON" -c "
import boto3
print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Account'])
print(boto3.Session().get_credentials().method)
"
ps ax | wc -l
curl -s -m 2 http://192.0.2.1 || echo no way out
echo end
sleep 1000
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeAws, StackOutputs]]:
    if missing := why_unavailable():
        pytest.skip(f"Full machines: {missing}")
    with FakeAws(tmp_path_factory.mktemp("aws") / "machines", is_full=True) as fake:
        yield fake, make_stack(fake)


def launch(full: tuple[FakeAws, StackOutputs], script: str) -> tuple[FakeAws, str, FullMachine]:
    fake, stack = full
    instance_id = launch_fleet(fake, stack, script)["Instances"][0]["InstanceIds"][0]
    machine = fake.life(instance_id).machine
    assert isinstance(machine, FullMachine)
    return fake, instance_id, machine


def test_a_machine_is_a_world_of_its_own(full: tuple[FakeAws, StackOutputs]) -> None:
    fake, instance_id, machine = launch(full, SCRIPT)
    fake.wait_until(lambda: "end\n" in fake.console(instance_id), "the script ran")
    lines = fake.console(instance_id).splitlines()
    address = machine.imds.identity.address
    assert lines[:4] == ["home= endpoint=", f"ip-{address.replace('.', '-')}", "removed", "401"]
    assert lines[4:6] == ["123456789012", "iam-role"]
    assert int(lines[6]) < 12
    assert lines[7:] == ["no way out", "end"]
    assert Path("/usr/bin/yes").exists()
    assert machine.run("cat", "/etc/motd") == "changed\n"


def test_shutdown_ends_everything_on_it(full: tuple[FakeAws, StackOutputs]) -> None:
    fake, instance_id, machine = launch(full, "#!/bin/bash\nsetsid sleep 1000 & shutdown -h now; sleep 1000\n")
    fake.wait_until(lambda: fake.life(instance_id).ended_at, "the instance is off")
    assert fake.life(instance_id).reason == "Client.InstanceInitiatedShutdown"
    assert not machine.is_alive()


def test_a_hung_machine_can_be_taken_back(full: tuple[FakeAws, StackOutputs]) -> None:
    fake, instance_id, machine = launch(full, "#!/bin/bash\nwhile true; do echo x; sleep 0.02; done\n")
    fake.wait_until(lambda: "x" in fake.console(instance_id), "it runs")
    fake.freeze(instance_id)
    fake.interrupt(instance_id, notice_s=0)
    assert not machine.is_alive()
