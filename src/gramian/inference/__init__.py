"""What a fit says about the truth: covariances, tests, intervals. No rows are read but for robust covariances."""
