"""scikit-learn's classes and models that learn from streams: thin faces of the methods."""
