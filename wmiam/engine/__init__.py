"""Two evaluators that must agree: the reference for one request, the compiled one for whole estates."""
