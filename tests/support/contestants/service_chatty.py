"""A helper process that greets people where the protocol wants JSON."""

print("Listening on 127.0.0.1:8080", flush=True)
