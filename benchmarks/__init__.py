"""What the library costs, measured against the official SDKs; `python benchmarks/run.py`."""
