"""DeviceQuota: how many devices a namespace, several of them, or a team may hold, and for how long."""
