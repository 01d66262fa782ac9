"""What a run asked for and was answered, as data that can be kept, looked at and run again."""
