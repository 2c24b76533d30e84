"""The machine as a run sees it: fingerprint, noise, the account of time, the lock that keeps runs apart."""
