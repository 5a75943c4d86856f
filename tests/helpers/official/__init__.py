"""The official networks, transcribed from their papers and names of weights, to compare converters with."""
