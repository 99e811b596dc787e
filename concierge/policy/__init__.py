"""What a campaign would do with a file of leads: forecasts and their differences."""
