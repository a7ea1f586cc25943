"""A Kubernetes API server with a small Knative behind it, over real HTTP, for tests of the verbs.

It keeps to what the real ones answer where the verbs depend on it: server-side apply with field managers, conflicts
and their causes, dry runs, watches with 410, webhooks' words, the reasons of pods. `cluster_api` gives one to a test.
"""
