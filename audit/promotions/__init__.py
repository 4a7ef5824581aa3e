"""Promotions as the log has them: statements, approvals, who is who, and the rules that every entry about them keeps."""
