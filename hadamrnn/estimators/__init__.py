"""scikit-learn estimators, trained by the function that the pipeline trains with."""
