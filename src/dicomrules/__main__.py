"""`python -m dicomrules`."""

from dicomrules.cli.main import main

if __name__ == "__main__":
    main()
