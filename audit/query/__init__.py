"""Questions of auditors about a log: asked, planned, answered page by page, and what of the answer is proven."""
