"""How a gate run is shown: terminal, Markdown, JUnit XML, GitHub annotations and JSON, all from one GateReport."""
