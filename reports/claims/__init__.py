"""The claims of the notes, a file a section; whatever `Claim` or `Behaviour` a module here defines is judged."""
