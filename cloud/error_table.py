"""What AWS's error codes mean for a run: data only, read by explain.py.

A sentence may mention what explain.py fills in: {place}, {region}, {market}, {permission}, {message} and so on. Codes
are those of EC2, S3, IAM, CloudFormation, ECR and Service Quotas, EC2's state reasons, and names of boto3's errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple


class Kind(str, Enum):
    """What sort of failure it is."""

    CAPACITY = "capacity"
    QUOTA = "quota"
    PRICE = "price"
    PERMISSION = "permission"
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    PARAMETERS = "parameters"
    NETWORK = "network"
    """AWS does not answer, or answers that it is at fault itself."""
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


class Row(NamedTuple):
    """What one code means."""

    kind: Kind
    sentence: str
    next_step: str
    is_elsewhere_possible: bool = False
    is_temporary: bool = False


class Case(NamedTuple):
    """A row, for messages that contain `pattern`."""

    pattern: str
    row: Row


def _capacity(sentence: str, next_step: str, *, is_temporary: bool = True) -> Row:
    return Row(Kind.CAPACITY, sentence, next_step, True, is_temporary)


_FREE_OF_CAPACITY = _capacity(
    "AWS has no {market} capacity for {place} right now",
    "Other types and zones are tried first; allow more of them with `--instance auto`, or `--on-demand-fallback`.",
)
_UNSUPPORTED = _capacity(
    "AWS does not offer {place} in this way: {message}",
    "Other types and zones are tried; `--instance auto` takes only what the region offers.",
    is_temporary=False,
)
_QUOTA = Row(Kind.QUOTA, "The {quota} in {region} is used up{needed}", "{more_quota} End what still runs there first.")
_LIMIT = Row(
    Kind.QUOTA,
    "A limit of the account in {region} is reached: {message}",
    "Delete what is not needed any more, or ask for more at https://{region}.console.aws.amazon.com/servicequotas.",
)
_FORBIDDEN = Row(
    Kind.PERMISSION,
    "{caller} may not do {permission} in {region}",
    "Have an administrator allow {permission}, or use another profile with AWS_PROFILE; `rlrobo cloud doctor` lists "
    "what is needed.",
)
_FORBIDDEN_BY_POLICY = Row(
    Kind.PERMISSION,
    "{caller} is denied {permission} in {region} by a policy of the organisation or the account",
    "Another region may be allowed (`--region`); otherwise an administrator has to change that policy.",
)
_EXPIRED = Row(
    Kind.CREDENTIALS,
    "The AWS credentials of this machine have expired",
    "Log in again (such as `aws sso login`); runs in the cloud go on without it, and nothing has to be started anew.",
)
_BAD_KEYS = Row(
    Kind.CREDENTIALS,
    "AWS does not accept the credentials of this machine",
    "Check AWS_PROFILE, the AWS_ACCESS_KEY_ID variables and ~/.aws; `aws sts get-caller-identity` shows who you are.",
)
_NO_KEYS = Row(
    Kind.CREDENTIALS,
    "This machine has no AWS credentials",
    "Run `aws configure` or `aws configure sso`, or set AWS_PROFILE; then `rlrobo cloud status`.",
)
_SKEW = Row(
    Kind.CREDENTIALS,
    "The clock of this machine is wrong: AWS refuses requests that are minutes old or early",
    "Set the clock (such as `timedatectl set-ntp true`) and try again.",
)
_THROTTLED = Row(
    Kind.THROTTLED,
    "AWS limits how often {action} may be called in {region}",
    "It is tried again by itself.",
    False,
    True,
)
_AWS_AT_FAULT = Row(
    Kind.NETWORK,
    "AWS could not carry out {action} in {region}: {message}",
    "It is tried again by itself; https://health.aws.amazon.com/health/status tells of outages.",
    True,
    True,
)
_UNREACHABLE = Row(
    Kind.NETWORK,
    "AWS cannot be reached for {action} in {region}",
    "Check the network and the region's name; runs in the cloud go on, and it is tried again by itself.",
    False,
    True,
)
_PARAMETERS = Row(
    Kind.PARAMETERS,
    "AWS does not accept {action}: {message}",
    "Bring the stack up to date with `rlrobo cloud deploy`; if it stays, please report it with this line.",
)
_STACK_DRIFT = Row(
    Kind.PARAMETERS,
    "A part of the stack is gone or was changed: {message}",
    "Repair it with `rlrobo cloud doctor`, or `rlrobo cloud deploy`.",
)
_NO_SUCH_TYPE = Row(
    Kind.PARAMETERS,
    "There is no such instance type in {region}: {message}",
    "Choose another with `--instance`, or leave the choice to `--instance auto`.",
    True,
)
_TOKEN_TAKEN = Row(
    Kind.CONFLICT,
    "This attempt was launched before, with other settings",
    "What it launched is looked for by its tags; the next attempt has a token of its own.",
)
_TOKEN_OVER = Row(
    Kind.CONFLICT,
    "The instance of this attempt has ended already",
    "The next attempt has a token of its own.",
)
_CHANGED = Row(
    Kind.CONFLICT,
    "Somebody else changed {resource} at the same time",
    "It is read again and tried again by itself.",
    False,
    True,
)
_EXISTS = Row(Kind.CONFLICT, "It exists already: {message}", "Nothing has to be done, or choose another name.")
_IN_USE = Row(
    Kind.CONFLICT,
    "It is still in use: {message}",
    "End what uses it (`rlrobo cloud instances` lists ours) and try again.",
)
_ABSENT = Row(Kind.NOT_FOUND, "AWS does not know it: {message}", "It is gone or in another region; check `--region`.")
_DAMAGED = Row(
    Kind.NETWORK,
    "What arrived at S3 is not what was sent: {message}",
    "It is sent again by itself; nothing damaged was stored.",
    False,
    True,
)
_ACCOUNT = Row(
    Kind.PERMISSION,
    "The AWS account cannot use this yet: {message}",
    "Finish the account's registration in the AWS console (payment, verification), or enable the region there.",
)
UNKNOWN = Row(
    Kind.UNKNOWN,
    "AWS refused {action} in {region}: {message}",
    "`rlrobo cloud doctor` checks the account and the stack; please report a code that this line does not explain.",
)
"""For every code that is not in the table."""


def _table(rows: Iterable[tuple[str, Row]]) -> dict[str, list[Case]]:
    """Return the cases by code. `codes` are separated by spaces; `code|pattern` only holds for such messages."""
    table: dict[str, list[Case]] = {}
    for codes, row in rows:
        for name in codes.split():
            code, _, pattern = name.partition("|")
            table.setdefault(code, []).append(Case(pattern.replace("_", " "), row))
    return {code: sorted(cases, key=lambda case: not case.pattern) for code, cases in table.items()}


TABLE = _table(
    [
        ("InsufficientInstanceCapacity InsufficientCapacity UnfulfillableCapacity", _FREE_OF_CAPACITY),
        ("InsufficientHostCapacity ReservationCapacityExceeded", _FREE_OF_CAPACITY),
        (
            "InsufficientFreeAddressesInSubnet",
            _capacity(
                "The subnet in {zone} has no free address",
                "Other zones are tried; end what runs in that subnet, or give the stack a larger one.",
            ),
        ),
        ("Unsupported UnsupportedOperation", _UNSUPPORTED),
        ("InvalidFleetConfiguration|not_supported", _UNSUPPORTED),
        ("MaxSpotInstanceCountExceeded VcpuLimitExceeded InstanceLimitExceeded", _QUOTA),
        (
            "MaxFleetCountExceeded",
            Row(
                Kind.QUOTA,
                "The account has too many EC2 fleets in {region}",
                "`rlrobo cloud orphans --remove` deletes what rlrobo left; `aws ec2 describe-fleets` lists the others.",
            ),
        ),
        (
            "VolumeLimitExceeded MaxIOPSLimitExceeded",
            Row(
                Kind.QUOTA,
                "The account's limit of disk space in {region} is used up",
                "Delete volumes that nobody uses, or ask for more: "
                "https://{region}.console.aws.amazon.com/servicequotas/home/services/ebs/quotas.",
            ),
        ),
        ("LimitExceeded LimitExceededException ServiceQuotaExceededException TooManyBuckets", _LIMIT),
        ("ResourceLimitExceeded SecurityGroupLimitExceeded VpcLimitExceeded AddressLimitExceeded", _LIMIT),
        (
            "SpotMaxPriceTooLow MaxPriceTooLow",
            Row(
                Kind.PRICE,
                "The Spot price of {place} is above the highest price that the launch allows",
                "rlrobo sets no price an hour; `rlrobo cloud deploy` repairs the template, and `--max-price-total` is "
                "the cap that holds.",
                True,
                True,
            ),
        ),
        (
            "AuthFailure.ServiceLinkedRoleCreationNotPermitted ServiceLinkedRoleCreationNotPermitted",
            Row(
                Kind.PERMISSION,
                "The account has no role for EC2 Spot yet, and this caller may not make it",
                "An administrator makes it once: "
                "`aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`.",
            ),
        ),
        (
            "UnauthorizedOperation|service_control_policy AccessDenied|service_control_policy "
            "UnauthorizedOperation|explicit_deny AccessDenied|explicit_deny "
            "AccessDeniedException|explicit_deny AccessDeniedException|service_control_policy",
            _FORBIDDEN_BY_POLICY,
        ),
        ("UnauthorizedOperation AccessDenied AccessDeniedException Forbidden 403", _FORBIDDEN),
        ("OperationNotPermitted AllAccessDisabled", _FORBIDDEN),
        ("OptInRequired PendingVerification Blocked SubscriptionRequiredException NotSignedUp", _ACCOUNT),
        ("ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired", _EXPIRED),
        ("UnauthorizedSSOTokenError SSOTokenLoadError TokenRetrievalError LoginRefreshRequired", _EXPIRED),
        ("LoginTokenLoadError LoginAuthorizationCodeError SSOError", _EXPIRED),
        ("AuthFailure InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId", _BAD_KEYS),
        ("SignatureDoesNotMatch IncompleteSignature MissingAuthenticationToken InvalidToken", _BAD_KEYS),
        ("InvalidSignatureException CredentialRetrievalError", _BAD_KEYS),
        ("RequestTimeTooSkewed", _SKEW),
        ("InvalidSignatureException|Signature_expired SignatureDoesNotMatch|Signature_expired", _SKEW),
        ("NoCredentialsError PartialCredentialsError", _NO_KEYS),
        (
            "ProfileNotFound",
            Row(
                Kind.CREDENTIALS,
                "This machine has no such AWS profile: {message}",
                "`aws configure list-profiles` lists them; set AWS_PROFILE to one of them.",
            ),
        ),
        ("RequestLimitExceeded Throttling ThrottlingException ThrottledException SlowDown", _THROTTLED),
        ("TooManyRequestsException EC2ThrottledException PriorRequestNotComplete RequestThrottled", _THROTTLED),
        ("ResourceCountExceeded BandwidthLimitExceeded RequestThrottledException", _THROTTLED),
        ("InternalError InternalFailure InternalServerError ServiceUnavailable Unavailable", _AWS_AT_FAULT),
        ("ServiceException ServerException 500 502 503 504 ResponseParserError", _AWS_AT_FAULT),
        ("EndpointConnectionError ConnectTimeoutError ReadTimeoutError ConnectionClosedError", _UNREACHABLE),
        ("ConnectionError HTTPClientError SSLError ProxyConnectionError IncompleteReadError", _UNREACHABLE),
        ("ResponseStreamingError RequestTimeout RequestTimeoutException MetadataRetrievalError", _UNREACHABLE),
        ("InvalidInstanceType InvalidInstanceType.NotFound", _NO_SUCH_TYPE),
        ("InvalidParameterValue|instance_type", _NO_SUCH_TYPE),
        ("InvalidParameterValue|Invalid_IAM_Instance_Profile InvalidIamInstanceProfileArn.Malformed", _STACK_DRIFT),
        ("InvalidAMIID.NotFound InvalidAMIID.Unavailable InvalidAMIID.Malformed", _STACK_DRIFT),
        ("InvalidSubnetID.NotFound InvalidSubnet InvalidGroup.NotFound InvalidKeyPair.NotFound", _STACK_DRIFT),
        ("InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateId.NotFoundException", _STACK_DRIFT),
        ("InvalidLaunchTemplateName.NotFoundException InvalidLaunchTemplateId.VersionNotFound", _STACK_DRIFT),
        ("VPCIdNotSpecified DefaultVpcDoesNotExist NoSuchBucket InvalidSnapshot.NotFound", _STACK_DRIFT),
        ("InvalidParameterValue InvalidParameter InvalidParameterCombination MissingParameter", _PARAMETERS),
        ("ValidationError|does_not_exist", _ABSENT),
        ("ValidationError ValidationException ParamValidationError UnknownParameter MalformedQueryString", _PARAMETERS),
        ("InvalidFleetConfiguration InvalidBlockDeviceMapping InvalidUserData.Malformed InvalidAction", _PARAMETERS),
        ("InvalidRequest InvalidArgument MalformedPolicyDocument InvalidQueryParameter", _PARAMETERS),
        ("IdempotentParameterMismatch", _TOKEN_TAKEN),
        ("IdempotentInstanceTerminated", _TOKEN_OVER),
        ("ConditionalRequestConflict PreconditionFailed OperationAborted 412 409", _CHANGED),
        ("IncorrectInstanceState IncorrectState IncorrectSpotRequestState", _CHANGED),
        ("BucketAlreadyOwnedByYou EntityAlreadyExists AlreadyExistsException AlreadyExists", _EXISTS),
        ("BucketAlreadyExists TokenAlreadyExistsException", _EXISTS),
        ("DependencyViolation BucketNotEmpty DeleteConflict ResourceInUse ResourceInUseException", _IN_USE),
        ("RepositoryNotEmptyException", _IN_USE),
        ("NotFound NoSuchKey NoSuchEntity NoSuchResourceException NoSuchUpload 404", _ABSENT),
        ("ParameterNotFound ResourceNotFoundException ChangeSetNotFound", _ABSENT),
        ("BadDigest InvalidDigest XAmzContentSHA256Mismatch InvalidPart InvalidPartOrder", _DAMAGED),
        (
            "EntityTooLarge",
            Row(Kind.PARAMETERS, "{resource} is too large for S3", "A single object may hold 5 TiB; save less of it."),
        ),
        (
            "DryRunOperation",
            Row(Kind.PARAMETERS, "{action} would have been carried out", "Nothing was done: this was a dry run."),
        ),
        (
            "WaiterError",
            Row(
                Kind.NETWORK,
                "AWS did not get done with {action} in {region}: {message}",
                "Run the command again; it goes on from where AWS is.",
                False,
                True,
            ),
        ),
    ]
)
"""Cases by code; the first whose pattern is in the message holds."""
