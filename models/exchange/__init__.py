"""PURE: lists of numbers as other systems write and read them. One module per format; `formats` knows them all."""
