"""The devices of a cluster, as DeviceClasses and ResourceSlices tell of them, and which of them selectors can reach."""
