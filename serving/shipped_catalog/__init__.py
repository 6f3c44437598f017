"""The catalogue that a fresh installation searches: data files, their licences, and the script that builds them."""
