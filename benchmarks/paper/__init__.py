"""The paper's runs: their plan, experiments, records and commands."""
