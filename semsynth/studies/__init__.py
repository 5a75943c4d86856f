"""What is built on top of the library: ablations, benchmarks, preference studies, pictures of insides, the demo."""
