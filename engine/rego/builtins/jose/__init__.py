"""Keys and signatures of JSON Object Signing and Encryption (RFC 7515, 7517, 7518), as OPA takes them."""
