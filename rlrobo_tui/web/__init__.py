"""The app in a browser: who may come in, what the page is, and the processes behind it. Needs the extra `web`."""
