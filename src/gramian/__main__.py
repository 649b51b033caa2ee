"""`python -m gramian` is the `gramian` command."""

from gramian.cli.app import main

if __name__ == "__main__":
    main()
