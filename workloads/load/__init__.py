"""Load generators, and the proofs of what they can do; never imported by the measured process."""
