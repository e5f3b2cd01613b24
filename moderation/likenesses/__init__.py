"""Commands on likenesses: the consent wing decides, the service announces, audits and takes back."""
