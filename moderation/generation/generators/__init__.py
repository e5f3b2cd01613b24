"""What makes the video: a port, the storyboard that needs no GPU, and a remote server reached over HTTP."""
