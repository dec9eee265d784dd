"""Calls fail as they are told to, S3 verifies, keys are checked, and prices and quotas are told."""

import json
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from cloud.records import Pool
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fails, Fault, From

BUCKET = "rlrobo-test"


def code(call: object) -> str:
    assert callable(call)
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"]


@pytest.mark.usefixtures("stack")
def test_a_fault_takes_the_calls_it_fits_and_no_other(fake_aws: FakeAws) -> None:
    ec2 = fake_aws.client("ec2")
    fake_aws.scenario.fail(Fault(action="DescribeInstances", code="RequestLimitExceeded", status=503, skip=1, times=2))
    assert ec2.describe_instances()["Reservations"] == []
    assert code(ec2.describe_instances) == "RequestLimitExceeded"
    assert ec2.describe_subnets()["Subnets"]
    assert code(ec2.describe_instances) == "RequestLimitExceeded"
    assert ec2.describe_instances()["Reservations"] == []


def test_errors_have_the_form_of_their_service(fake_aws: FakeAws) -> None:
    fake_aws.scenario.fail(Fault(action="*", code="ExpiredToken", times=None))
    calls = (
        fake_aws.client("sts").get_caller_identity,
        fake_aws.client("s3").list_buckets,
        fake_aws.client("ec2").describe_instances,
        lambda: fake_aws.client("ssm").get_parameter(Name="x"),
    )
    assert [code(call) for call in calls] == ["ExpiredToken"] * 4


@pytest.mark.usefixtures("stack")
def test_s3_refuses_what_does_not_have_its_checksum(fake_aws: FakeAws) -> None:
    s3 = fake_aws.client("s3")
    wrong = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert code(lambda: s3.put_object(Bucket=BUCKET, Key="k", Body=b"abc", ChecksumSHA256=wrong)) == "BadDigest"
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"abc", ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"abc"
    assert s3.head_object(Bucket=BUCKET, Key="k")["ContentLength"] == 3
    assert code(lambda: s3.put_object(Bucket=BUCKET, Key="k", Body=b"d", IfNoneMatch="*")) == "PreconditionFailed"
    for tags in ([{"Key": "class", "Value": "superseded"}], []):
        s3.put_object_tagging(Bucket=BUCKET, Key="k", Tagging={"TagSet": tags})
        assert s3.get_object_tagging(Bucket=BUCKET, Key="k")["TagSet"] == tags


@pytest.mark.usefixtures("stack")
def test_a_write_whose_reply_is_lost_is_there(fake_aws: FakeAws) -> None:
    s3 = fake_aws.client("s3")
    fake_aws.scenario.fail(Fault(action="PutObject", fails=Fails.REPLY_LOST, where=lambda call: call.key == "lost"))
    with pytest.raises(Exception, match="Connection"):
        s3.put_object(Bucket=BUCKET, Key="lost", Body=b"abc")
    assert s3.get_object(Bucket=BUCKET, Key="lost")["Body"].read() == b"abc"
    fake_aws.scenario.fail(Fault(action="PutObject", fails=Fails.CUT))
    with pytest.raises(Exception, match="Connection"):
        s3.put_object(Bucket=BUCKET, Key="cut", Body=b"abc")
    assert code(lambda: s3.get_object(Bucket=BUCKET, Key="cut")) == "NoSuchKey"


def test_keys_are_checked_and_those_of_a_role_expire(fake_aws: FakeAws) -> None:
    fake_aws.scenario.role_lifetime_s = 0.2
    keys = fake_aws.issue_role("i-0")

    def sts(access_key: str) -> object:
        return boto3.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=fake_aws.endpoint_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
        ).get_caller_identity()

    assert sts(keys.access_key)
    assert code(lambda: sts("ASIAMADEUP")) == "InvalidClientTokenId"
    time.sleep(max(0.0, keys.expires_at - time.time()) + 0.01)
    assert code(lambda: sts(keys.access_key)) == "ExpiredToken"
    assert [by for by, _ in fake_aws.calls] == [From.INSTANCE, From.USER, From.INSTANCE]


@pytest.mark.usefixtures("stack")
def test_prices_of_both_markets_are_told(fake_aws: FakeAws) -> None:
    pool = Pool(instance_type="c7i.large", zone="us-east-1b")
    fake_aws.scenario.set_price(pool, 0.5)
    ec2, pricing = fake_aws.client("ec2"), fake_aws.client("pricing")
    asked = {"InstanceTypes": ["c7i.large"], "ProductDescriptions": ["Linux/UNIX"], "StartTime": time.time()}
    told = {
        entry["AvailabilityZone"]: entry["SpotPrice"]
        for entry in ec2.describe_spot_price_history(**asked)["SpotPriceHistory"]
    }
    assert told["us-east-1b"] == "0.500000"
    assert told["us-east-1a"] == "0.030000"
    filters = [{"Type": "TERM_MATCH", "Field": "instanceType", "Value": "c7i.large"}]
    (product,) = pricing.get_products(ServiceCode="AmazonEC2", Filters=filters)["PriceList"]
    assert "0.1000000000" in json.dumps(json.loads(product)["terms"])


def test_quotas_are_told(fake_aws: FakeAws) -> None:
    client = fake_aws.client("service-quotas")
    fake_aws.scenario.quotas["L-34B43A08"] = 5.0
    assert client.get_service_quota(ServiceCode="ec2", QuotaCode="L-34B43A08")["Quota"]["Value"] == 5.0
    assert len(client.list_service_quotas(ServiceCode="ec2")["Quotas"]) == 6
    assert code(lambda: client.get_service_quota(ServiceCode="ec2", QuotaCode="L-0")) == "NoSuchResourceException"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_machine_images_are_found_by_their_parameters(fake_aws: FakeAws, region: str) -> None:
    ssm = fake_aws.client("ssm", region)
    for name in (
        "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    ):
        assert ssm.get_parameter(Name=name)["Parameter"]["Value"].startswith("ami-")
