"""What restricted households have in common, for everybody: values of groups that pass a gate."""
