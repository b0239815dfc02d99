"""Programs that measure: speed, studies of recipes, microcontrollers, and the paper's runs."""
