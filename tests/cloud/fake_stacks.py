"""CloudFormation as far as deploy, doctor and destroy see it: one resource is made or removed each time they wait."""

# ruff: noqa: N803 # named as boto3 names them
from __future__ import annotations

from typing import Any

from cloud.errors import CloudError
from cloud.template import resources, template

ACCOUNT = "123456789012"


class FakeStacks:
    """Stacks of the project's template, and what their resources leave in the account."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.stacks: dict[str, dict[str, Any]] = {}
        self.buckets: dict[str, dict[str, Any]] = {}
        self.repositories: dict[str, dict[str, Any]] = {}
        self.template_data: dict[str, Any] = {}
        self.rules: dict[str, str] = {}
        self.fails_on = ""
        """Logical id of a resource that cannot be made."""

    def cloudformation_describe_stacks(self, *, StackName: str = "") -> dict[str, Any]:
        return {"Stacks": [each for each in self.stacks.values() if StackName in ("", each["StackId"])]}

    def cloudformation_describe_stack_events(self, *, StackName: str) -> dict[str, Any]:
        return {"StackEvents": self.stacks[StackName]["events"][::-1]}

    def cloudformation_list_stack_resources(self, *, StackName: str) -> dict[str, Any]:
        found = self.living(StackName)
        return {"StackResourceSummaries": list(found["resources"].values())}

    def cloudformation_create_stack(self, *, StackName: str, Parameters: list[Any], **request: Any) -> dict[str, Any]:
        assert not self.named(StackName), "CloudFormation refuses a second stack of the name"
        assert request["Capabilities"] == ["CAPABILITY_IAM"]
        identity = f"arn:aws:cloudformation:{self.region}:{ACCOUNT}:stack/{StackName}/{len(self.stacks)}"
        defaults = {key: str(body.get("Default", "")) for key, body in template()["Parameters"].items()}
        given = {each["ParameterKey"]: each["ParameterValue"] for each in Parameters}
        found: dict[str, Any] = {
            "StackId": identity, "StackName": StackName, "StackStatus": "CREATE_IN_PROGRESS",
            "resources": {}, "events": [], "values": {**defaults, **given},
        }  # fmt: skip
        self.stacks[identity] = found
        self._show_parameters(found)
        return {"StackId": identity}

    def cloudformation_update_stack(self, *, StackName: str, Parameters: list[Any], **_: Any) -> dict[str, Any]:
        found = self.living(StackName)
        assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
        given = {each["ParameterKey"]: each["ParameterValue"] for each in Parameters if "ParameterValue" in each}
        if given.items() <= found["values"].items():
            error = CloudError("AWS does not accept it.", code="ValidationError")
            error.reason = "No updates are to be performed."
            raise error
        found["before"] = found["values"]
        found["values"] = found["values"] | given
        self._show_parameters(found)
        found["StackStatus"] = "UPDATE_IN_PROGRESS"
        return {"StackId": found["StackId"]}

    def cloudformation_continue_update_rollback(self, *, StackName: str) -> None:
        self.living(StackName)["StackStatus"] = "UPDATE_ROLLBACK_IN_PROGRESS"

    def cloudformation_delete_stack(self, *, StackName: str) -> None:
        self.living(StackName)["StackStatus"] = "DELETE_IN_PROGRESS"

    def named(self, name: str) -> list[dict[str, Any]]:
        living = [each for each in self.stacks.values() if each["StackStatus"] != "DELETE_COMPLETE"]
        return [each for each in living if each["StackName"] == name]

    def living(self, name: str) -> dict[str, Any]:
        (found,) = self.named(name)
        return found

    def _show_parameters(self, found: dict[str, Any]) -> None:
        found["Parameters"] = [{"ParameterKey": key, "ParameterValue": value} for key, value in found["values"].items()]

    def _wanted(self, found: dict[str, Any]) -> list[str]:
        values = found["values"]
        holds = {
            "": True,
            "MakesBucket": values["IsBucketNew"] == "true",
            "Relaunches": values["HasRelauncher"] == "true",
        }
        return [each.name for each in resources() if holds[each.condition]]

    def go_on(self, found: dict[str, Any]) -> None:
        status = found["StackStatus"]
        if status == "DELETE_IN_PROGRESS":
            self._remove_one(found)
        elif status == "UPDATE_ROLLBACK_IN_PROGRESS":
            found["values"] = found.get("before", found["values"])
            self._show_parameters(found)
            found["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
        elif status == "ROLLBACK_IN_PROGRESS":
            found["StackStatus"] = "ROLLBACK_COMPLETE"
        else:
            self._make_one(found)

    def _make_one(self, found: dict[str, Any]) -> None:
        wanted = self._wanted(found)
        missing = [name for name in wanted if name not in found["resources"]]
        extra = [name for name in found["resources"] if name not in wanted]
        verb = found["StackStatus"].removesuffix("_IN_PROGRESS")
        if missing and missing[0] == self.fails_on:
            self.add_event(found, missing[0], "CREATE_FAILED", "Limit of buckets exceeded")
            found["StackStatus"] = "ROLLBACK_IN_PROGRESS" if verb == "CREATE" else "UPDATE_ROLLBACK_IN_PROGRESS"
        elif missing:
            self._make(found, missing[0])
            self.add_event(found, missing[0], "CREATE_COMPLETE")
        elif extra:
            del found["resources"][extra[0]]
            self.add_event(found, extra[0], "DELETE_COMPLETE")
        else:
            found["Outputs"] = self._outputs(found)
            found["StackStatus"] = f"{verb}_COMPLETE"
            self.add_event(found, found["StackName"], f"{verb}_COMPLETE")

    def _make(self, found: dict[str, Any], name: str) -> None:
        kind = template()["Resources"][name]["Type"]
        if name == "Bucket":
            assert found["values"]["BucketName"] not in self.buckets, "CloudFormation refuses a bucket that exists"
            self.buckets[found["values"]["BucketName"]] = {"objects": []}
        if name == "Repository":
            self.repositories[found["StackName"]] = {}
        if name == "LaunchTemplate":
            self.template_data = {
                **template()["Resources"][name]["Properties"]["LaunchTemplateData"],
                "SecurityGroupIds": ["sg-1"],
            }
        if kind == "AWS::Events::Rule":
            self.rules[name.lower()] = "ENABLED"
        found["resources"][name] = {
            "LogicalResourceId": name,
            "PhysicalResourceId": name.lower(),
            "ResourceType": kind,
            "ResourceStatus": "CREATE_COMPLETE",
        }

    def _remove_one(self, found: dict[str, Any]) -> None:
        if not found["resources"]:
            found["StackStatus"] = "DELETE_COMPLETE"
            return
        name, _ = found["resources"].popitem()
        stays = template()["Resources"][name].get("DeletionPolicy") == "Retain"
        self.add_event(found, name, "DELETE_SKIPPED" if stays else "DELETE_COMPLETE")

    def add_event(self, found: dict[str, Any], name: str, status: str, reason: str = "") -> None:
        event = {"EventId": f"{len(found['events'])}", "LogicalResourceId": name, "ResourceStatus": status}
        found["events"].append({**event, "ResourceStatusReason": reason} if reason else event)

    def _outputs(self, found: dict[str, Any]) -> list[dict[str, str]]:
        values = found["values"]
        outputs = {
            "Bucket": values["BucketName"],
            "LaunchTemplateId": "lt-1",
            "LaunchTemplateVersion": "1",
            "Subnets": values["Subnets"],
            "SecurityGroup": "sg-1",
            "InstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/p",
            "RepositoryUri": f"{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com/{found['StackName']}",
            "LogGroup": f"/rlrobo/{found['StackName']}",
            "Reaper": f"{found['StackName']}-reaper",
            "SshCidr": values["SshCidr"] or "none",
            "HasRelauncher": values["HasRelauncher"],
        }
        return [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
