"""`python -m gramian` is the `gramian` command."""

from gramian.cli import main

if __name__ == "__main__":
    main()
