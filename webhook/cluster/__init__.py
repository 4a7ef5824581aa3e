"""What reads or writes a cluster; needs the extra `cluster`."""
