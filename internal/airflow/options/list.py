"""Prints the options of the Airflow that it runs in, one SECTION.OPTION a line.

In a pod of Airflow: python list.py >VERSION.txt
"""

from airflow.configuration import conf

conf.load_providers_configuration()
for line in sorted(
    f"{section}.{option}".lower()
    for section, description in conf.configuration_description.items()
    for option in description["options"]
):
    print(line)
