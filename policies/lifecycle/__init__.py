"""The life of policies and decisions: replaying what was judged, and comparing what is to be judged by."""
