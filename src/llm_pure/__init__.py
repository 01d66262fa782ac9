"""Provider-neutral completions, converted to provider payloads and back by total functions over frozen values."""
