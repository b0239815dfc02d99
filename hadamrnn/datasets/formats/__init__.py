"""Users' own recordings, described by a section ``data`` with a ``type`` in params.yaml."""
