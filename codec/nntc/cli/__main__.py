"""Run the command as `python -m nntc.cli`."""

from nntc.cli import main

if __name__ == "__main__":
    main()
