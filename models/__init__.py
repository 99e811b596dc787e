"""The domain and its store: numbers, lists, policy, evidence. Imports nothing else of ours."""
