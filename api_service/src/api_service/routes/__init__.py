"""The routes, a module per subject. They read annotations at run time: no postponed ones here."""
