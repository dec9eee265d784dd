"""AWS Spot through boto3. Reserved: no part of it exists yet."""
