"""Targets for a fuzzer that is guided by what the code does (atheris); not run unless it is installed."""
