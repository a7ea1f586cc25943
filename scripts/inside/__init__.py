"""What is done from inside the cluster: `python3 -m scripts.inside COMMAND`, in a pod of the shop's own image."""
