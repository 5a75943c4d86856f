"""What tests share: narrow configs, stubs, processes, files made byte by byte."""
