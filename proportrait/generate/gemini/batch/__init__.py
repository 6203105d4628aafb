"""Gemini's Batch API: the same pictures at half the price, hours later.

A job is a file of requests. What is known of the jobs of an output folder stands in its `batches/`
(see `jobs`); which requests lie in a job, and what they can cost, in `ledger.jsonl` as "pending"
lines. A job is written down before it is asked for, under a name of our own, and looked for by that
name where the answer was lost, since asking twice would create, and charge, two
(https://ai.google.dev/gemini-api/docs/batch-api).
"""
